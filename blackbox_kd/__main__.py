"""`python -m blackbox_kd` is `bbkd`."""

from blackbox_kd.cli import main

main()
