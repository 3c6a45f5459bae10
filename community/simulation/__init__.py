"""What residents of the synthetic city write, and what its officers answer."""

from community.simulation.feedback import SimulatedFeedback, simulate_feedback

__all__ = ["SimulatedFeedback", "simulate_feedback"]
