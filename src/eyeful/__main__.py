"""`python -m eyeful` is the command `eyeful`."""

from eyeful.cli import console_script

if __name__ == "__main__":
    console_script()
