"""The local web server of `pharmrs review`: loopback only, a secret in every address, nothing from or to elsewhere."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pharmrs.core.characters import without_hidden, without_marks
from pharmrs.core.files.json_text import parse_json
from pharmrs.spectra.review.page import review_asset, review_html

if TYPE_CHECKING:
    from pharmrs.spectra.review.sitting import ReviewSession

HOST = "127.0.0.1"
_MOST_BYTES = 4096  # of a request
_LONGEST_REASON = 200
_KEPT = 4  # spectra in memory: the one in view, the next, and those an undo comes back to
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Spectra:
    """Traces of the spectra, computed one at a time in the background; `ahead` has the next one ready in time."""

    def __init__(self, session: ReviewSession) -> None:
        self._session = session
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spectra")
        self._found: OrderedDict[int, Future[dict[str, object]]] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, position: int) -> dict[str, object]:
        """The traces at a position; without `points` where there is no spectrum."""
        return self._ask(position).result()

    def ahead(self, position: int | None) -> None:
        """Begin to compute the spectrum at a position."""
        if position is not None:
            self._ask(position)

    def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _ask(self, position: int) -> Future[dict[str, object]]:
        with self._lock:
            future = self._found.get(position)
            if future is None or (future.done() and future.exception() is not None):
                future = self._found[position] = self._worker.submit(self._compute, position)
            self._found.move_to_end(position)
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)
            return future

    def _compute(self, position: int) -> dict[str, object]:
        return self._session.traces_at(position) or {}


def review_app(session: ReviewSession, rater: str, token: str) -> Starlette:
    """The application; every address begins with the secret `token`, any other is not found."""
    spectra = Spectra(session)
    saving = threading.Lock()  # one decision after the other, whatever the browser sends

    def state() -> Response:
        progress = session.progress()
        spectra.ahead(progress.position)
        spectra.ahead(session.position_after(progress.position))
        return _json(asdict(progress))

    async def page(_request: Request) -> Response:
        return Response(review_html(rater), media_type="text/html", headers=_HEADERS)

    async def asset(request: Request) -> Response:
        name = request.url.path.rsplit("/", 1)[-1]
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        return Response(review_asset(name), media_type=kind, headers=_HEADERS)

    async def tell(_request: Request) -> Response:
        return await run_in_threadpool(state)

    async def spectrum(request: Request) -> Response:
        try:
            return _json(await run_in_threadpool(spectra.at, request.path_params["position"]))
        except ValueError as error:
            return _json({"error": str(error)}, 404)

    async def decide(request: Request) -> Response:
        return await _change(request, lambda body: session.decide(*_verdict(body)))

    async def undo(request: Request) -> Response:
        return await _change(request, lambda _body: session.undo())

    async def _change(request: Request, change: Callable[[dict[str, object]], object]) -> Response:
        def work(body: dict[str, object]) -> Response:
            with saving:
                change(body)  # on the disk when this returns
                return state()

        try:
            return await run_in_threadpool(work, await _body(request))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        except OSError as error:
            return _json({"error": f"could not be written: {error.strerror or error}"}, 507)

    place = f"/{token}"
    routes = [
        Route(f"{place}/", page),
        Route(f"{place}/review.css", asset),
        Route(f"{place}/review.js", asset),
        Route(f"{place}/state", tell),
        Route(f"{place}/spectrum/{{position:int}}", spectrum),
        Route(f"{place}/decide", decide, methods=["POST"]),
        Route(f"{place}/undo", undo, methods=["POST"]),
    ]
    # a page elsewhere that makes its own name point here (DNS rebinding) is turned away by the name it asks for
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False)
    app = Starlette(routes=routes, middleware=[guard])
    app.router.redirect_slashes = False
    app.state.spectra = spectra
    return app


async def _body(request: Request) -> dict[str, object]:
    """The JSON object of a request. Raises ValueError for anything else, and for what another page could send."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise ValueError("the request must be application/json")
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > _MOST_BYTES:
            raise ValueError("the request is too long")
    body = parse_json(content.decode("utf-8") or "{}")  # its error is a ValueError, as that of the text
    if not isinstance(body, dict):
        raise ValueError("the request must be a JSON object")
    return body


def _verdict(body: dict[str, object]) -> tuple[int, str, str]:
    position, decision, reason = body.get("position"), body.get("decision"), body.get("reason", "")
    if not isinstance(position, int) or isinstance(position, bool):
        raise ValueError("position must be a whole number")
    if not isinstance(decision, str) or not isinstance(reason, str):
        raise ValueError("decision and reason must be text")
    reason = " ".join(without_hidden(without_marks(reason)).split())  # what is pasted brings marks nobody sees
    if len(reason) > _LONGEST_REASON:
        raise ValueError(f"the reason must not be longer than {_LONGEST_REASON} characters")
    if decision != "accept" and not reason:
        raise ValueError("a reason must be given")
    return position, decision, reason


def _json(content: dict[str, object], status: int = 200) -> Response:
    return JSONResponse(content, status_code=status, headers=_HEADERS)


def serve(session: ReviewSession, rater: str, port: int, opened: Callable[[str], None]) -> None:
    """Serve until Ctrl+C; `opened` is told the address. Raises OSError when the port is taken."""
    import uvicorn

    token = secrets.token_urlsafe(24)
    app = review_app(session, rater, token)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
        opened(f"http://{HOST}:{listener.getsockname()[1]}/{token}/")
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False)
        try:
            with contextlib.suppress(KeyboardInterrupt):  # uvicorn stops in order, then passes Ctrl+C on
                uvicorn.Server(config).run(sockets=[listener])
        finally:
            app.state.spectra.close()
