"""`python -m eyeful` is the command `eyeful`."""

from eyeful.cli import main

if __name__ == "__main__":
    main()
