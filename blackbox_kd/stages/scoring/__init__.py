"""What judge is made of: who is worth a score, and a file for each kind of score."""
