"""`python -m cloudmend`: the command line, where its script is not on the PATH."""

from cloudmend.cli.main import main

if __name__ == "__main__":
    main()
