"""The placeholders of the API's paths."""

from typing import Annotated

from litestar.params import PathParameter

OrganisationPath = Annotated[str, PathParameter(description="The organisation's id or slug")]
ProjectPath = Annotated[str, PathParameter(description="The project's id or slug")]
KeyPath = Annotated[str, PathParameter(description="The key's id")]
IssuePath = Annotated[str, PathParameter(description="The issue's id")]
EventPath = Annotated[str, PathParameter(description="The event's id: 32 hex digits, with or without dashes")]
AttachmentPath = Annotated[str, PathParameter(description="The attachment's id")]
UserPath = Annotated[str, PathParameter(description="The user's id")]
InvitationPath = Annotated[str, PathParameter(description="The invitation's id")]
TeamPath = Annotated[str, PathParameter(description="The team's id or slug")]
SessionPath = Annotated[str, PathParameter(description="The session's id")]
TargetPath = Annotated[str, PathParameter(description="The target's id")]
AttemptPath = Annotated[str, PathParameter(description="The attempt's id")]
PluginPath = Annotated[str, PathParameter(description="The plugin's name")]
TokenPath = Annotated[str, PathParameter(description="The token's id")]
LetterPath = Annotated[str, PathParameter(description="The dead letter's number")]
ConsumerPath = Annotated[str, PathParameter(description="The consumer's name, such as `digest`")]
