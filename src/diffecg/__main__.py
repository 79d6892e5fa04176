"""``python -m diffecg``."""

from diffecg.cli.app import main

if __name__ == "__main__":
    main()
