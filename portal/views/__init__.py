"""The public pages. Each reads the release schema, and can read nothing else."""
