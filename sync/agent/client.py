"""Talking to the centre over HTTP: one request, one typed answer or one typed error."""

from __future__ import annotations

import ssl
import time
from functools import cache
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import httpx

from crypto.explained import Text
from sync import reasons
from sync.errors import (
    AnswerMalformed,
    CenterFailing,
    CenterRefused,
    CenterUnreachable,
    MessageRefused,
)
from sync.protocol import batch, enrolment, voice
from sync.protocol.batch import Batch, BatchAnswer
from sync.protocol.encoding import MediaType
from sync.protocol.enrolment import EnrolmentAnswer, EnrolmentRequest
from sync.protocol.refusal import MAX_REFUSAL_BYTES, RefusalMessage
from sync.protocol.voice import VoiceAnswer, VoiceUpload
from terminal.content.errors import ManifestMalformed
from terminal.content.manifest import MAX_MANIFEST_BYTES, ManifestFile, SignedManifest

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0
SLOWEST_BYTES_A_SECOND: Final = 4_096
USER_AGENT: Final = "tongka-agent"

_NO_URL: Final = Text(zh="地址不是有效的网址", en="the address is no URL")


class CenterClient:
    """A connection to one centre.

    Every method raises CenterUnreachable, CenterFailing, CenterRefused or AnswerMalformed.
    """

    def __init__(self, base_url: str) -> None:
        try:
            url = httpx.URL(base_url)
        except httpx.InvalidURL as error:
            raise CenterUnreachable(detail=_NO_URL) from error
        self._http = httpx.Client(
            base_url=url,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            # No compression by HTTP: it would come undone before any limit is looked at.
            headers={
                "Content-Type": MediaType.MSGPACK_ZSTD,
                "Accept-Encoding": "identity",
                "User-Agent": USER_AGENT,
            },
            # A terminal goes where its configuration says, not where somebody's environment does.
            trust_env=False,
            verify=_known_authorities(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def send_batch(self, message: Batch) -> BatchAnswer:
        """POST /v1/batches."""
        body = self._post("/v1/batches", message.to_bytes(), batch.ANSWER_LIMITS.wire)
        try:
            return BatchAnswer.from_bytes(body)
        except MessageRefused as error:
            raise AnswerMalformed(detail=reasons.of_error(error)) from error

    def send_voice(self, message: VoiceUpload) -> VoiceAnswer:
        """POST /v1/voices."""
        body = self._post("/v1/voices", message.to_bytes(), voice.ANSWER_LIMITS.wire)
        try:
            return VoiceAnswer.from_bytes(body)
        except MessageRefused as error:
            raise AnswerMalformed(detail=reasons.of_error(error)) from error

    def enrol(self, message: EnrolmentRequest) -> EnrolmentAnswer:
        """POST /v1/enrolments."""
        body = self._post("/v1/enrolments", message.to_bytes(), enrolment.ANSWER_LIMITS.wire)
        try:
            return EnrolmentAnswer.from_bytes(body)
        except MessageRefused as error:
            raise AnswerMalformed(detail=reasons.of_error(error)) from error

    def manifest(self) -> SignedManifest:
        """GET /v1/manifest."""
        body = self._request("GET", "/v1/manifest", b"", MAX_MANIFEST_BYTES + 256)
        try:
            return SignedManifest.from_bytes(body)
        except ManifestMalformed as error:
            raise AnswerMalformed(detail=reasons.of_error(error)) from error

    def content(self, file: ManifestFile) -> bytes:
        """GET /v1/content/DIGEST; never more bytes than the manifest says."""
        return self._request("GET", f"/v1/content/{file.digest.hex()}", b"", file.size)

    def _post(self, path: str, body: bytes, limit: int) -> bytes:
        return self._request("POST", path, body, limit)

    def _request(self, method: str, path: str, body: bytes, limit: int) -> bytes:
        try:
            with self._http.stream(method, path, content=body) as response:
                if response.status_code == HTTPStatus.OK:
                    return _read(response, limit)
                refusal = RefusalMessage.from_bytes(_read(response, MAX_REFUSAL_BYTES))
        except (httpx.HTTPError, UnicodeError) as error:
            raise CenterUnreachable(detail=_broken(error)) from error
        status = response.status_code
        if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise CenterFailing(status=status)
        if status == HTTPStatus.TOO_MANY_REQUESTS or refusal is None:
            # Not the centre's own words: a proxy in between, which may be gone the next time.
            raise CenterFailing(status=status)
        said, advice = refusal.sentences()
        raise CenterRefused(reason=refusal.code, status=status, said=said, advice=advice)


@cache
def _known_authorities() -> ssl.SSLContext:
    """The public authorities, read once: 15 ms that an agent took for every connection."""
    return httpx.create_ssl_context(trust_env=False)


def _broken(error: httpx.HTTPError | UnicodeError) -> Text:
    """Why a request got no answer, without the address and without what it carried."""
    match error:
        case httpx.TimeoutException():
            return Text(zh="等待超时", en="it took too long")
        case httpx.ConnectError():
            return Text(zh="连接不上", en="no connection")
        # A host name that DNS can't even spell comes as a UnicodeError, from the socket module.
        case httpx.UnsupportedProtocol() | UnicodeError():
            return _NO_URL
        case _:
            return Text(zh="连接中断", en="the connection broke")


def _read(response: httpx.Response, limit: int) -> bytes:
    """The body, within its limit and within the time that so many bytes may take.

    Each read has a timeout of its own; without this a line that drips would hold the agent for days.
    """
    body = bytearray()
    deadline = time.monotonic() + ANSWER_SECONDS + limit / SLOWEST_BYTES_A_SECOND
    for chunk in response.iter_raw():
        body += chunk
        if time.monotonic() > deadline:
            raise CenterUnreachable(detail=Text(zh="等待超时", en="it took too long"))
        if len(body) > limit:
            raise AnswerMalformed(detail=Text(zh=f"超过 {limit} 字节", en=f"more than {limit} bytes"))
    return bytes(body)
