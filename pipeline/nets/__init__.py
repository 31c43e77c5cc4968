"""What is learnt: torch only; no path, no yaml, no print."""
