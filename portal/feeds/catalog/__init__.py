"""What the datasets say of themselves to machines, in the words of each standard; all made from the one dictionary."""
