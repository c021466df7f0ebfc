"""What a store must do; `amber.testing.contract` proves it for every implementation.

Every method is a plain blocking function and may be called from several threads at once. All raise `Unavailable` when
the engine behind them does not answer. Cursors are opaque text; a bad one raises `Reject`. Ids of whatever does not
exist raise `Reject(status=404)` in every method that changes something.
"""

from amber.model.stores.blobs import BlobStore
from amber.model.stores.directory import Directory
from amber.model.stores.events import EventStore
from amber.model.stores.issues import IssueStore
from amber.model.stores.people import People
from amber.model.stores.projects import Projects
from amber.model.stores.targets import Targets

__all__ = ["BlobStore", "Directory", "EventStore", "IssueStore", "People", "Projects", "Targets"]
