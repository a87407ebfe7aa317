"""All the lives."""

from tests.standins.lives.access import ACCESS
from tests.standins.lives.life import Life
from tests.standins.lives.messaging import MESSAGING
from tests.standins.lives.money import MONEY
from tests.standins.lives.serving import SERVING
from tests.standins.lives.watching import WATCHING

LIVES: tuple[Life, ...] = (*MONEY, *WATCHING, *ACCESS, *SERVING, *MESSAGING)
