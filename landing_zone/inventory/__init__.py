"""Settings of existing projects, read at Google, as for a stack file."""

from landing_zone.inventory.draft import Resource as Resource
from landing_zone.inventory.fitting import fitted as fitted
from landing_zone.inventory.folder import in_folder as in_folder
from landing_zone.inventory.projects import Inventory as Inventory
from landing_zone.inventory.projects import of_projects as of_projects
