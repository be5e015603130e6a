"""`python -m daulat`."""

from daulat.cli.main import main

if __name__ == "__main__":
    main()
