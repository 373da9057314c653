"""The report on a run and the student's model card: pure functions from typed data to text."""
