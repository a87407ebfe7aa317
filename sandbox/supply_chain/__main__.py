"""`python -m sandbox.supply_chain`: check the pins without a network; exit code 1 if something is wrong with them."""

import sys

from sandbox.layout import ROOT
from sandbox.steps import say
from sandbox.supply_chain.verify import mistakes

found = mistakes(ROOT)
for mistake in found:
    say(mistake)
sys.exit(1 if found else 0)
