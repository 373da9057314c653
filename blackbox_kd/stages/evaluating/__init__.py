"""What evaluate and gate are made of: what is measured, the answers, their scores, and what they add up to."""
