"""What a page says was just done, by the word its address carries: nobody can put other words there."""

from collections.abc import Mapping

SAID: Mapping[str, str] = {
    "saved": "Saved.",
    "settings": "Saved. Every process goes by it within a second.",
    "key": "The new key is ready to send with.",
    "key-on": "The key is on again: what SDKs send with it is taken.",
    "key-off": "The key is off: what SDKs send with it is refused from now on.",
    "target": "The target is ready. Send a test message to see that it arrives.",
    "target-on": "The target is on: it hears of what happens from now on.",
    "target-off": "The target is off: nothing is sent there until you switch it on again.",
    "target-removed": "The target is gone, and its delivery log with it.",
    "again": "Queued: how the new try went stands in the log in a moment.",
    "role": "The role is changed; it holds from their next click.",
    "member-removed": "They have no place here any more, and their sessions have ended.",
    "withdrawn": "The invitation is withdrawn: its link leads nowhere now.",
    "team": "The team is made. Give it people and projects.",
    "team-removed": "The team is gone; its people and projects stay.",
    "revoked": "The token is worthless from now on.",
    "ended": "That browser is logged out.",
    "others": "Every other browser is logged out.",
    "password": "Your password is changed. Every other browser was logged out.",
    "on": "Switched on. Every process follows within a second or two.",
    "off": "Switched off. Every process follows within a second or two.",
    "handed-back": "Handed back: it is on its way again. What fails once more comes back here as a new letter.",
    "dropped": "Dropped: the letter and its original are gone.",
    "resumed": "It goes on, in every process.",
    "organisation": "The organisation is made, and you are its owner: switch to it below.",
}
