"""`python -m amber.hosting NAME MEMORY_MB`: what a worker starts for a plugin; not for people."""

import sys

from amber.hosting.warden import keep

if __name__ == "__main__":
    sys.exit(keep(int(sys.argv[2])))
