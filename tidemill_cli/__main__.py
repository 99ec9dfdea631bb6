"""`python -m tidemill_cli`."""

from tidemill_cli.app import main

if __name__ == "__main__":
    main()
