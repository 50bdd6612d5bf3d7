"""The page that a browser gets from the service: its routes, and the headers that fence it in.

Knows the files of `serve/page/` and who accepts HTML. Does not know the API that the page calls,
nor who may call it: the files hold nothing secret and are served without a token, or nobody could
open the page to enter one.
"""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).parent / "page"
SUFFIXES = frozenset({".html", ".css", ".js", ".svg", ".txt"})
# Scripts and styles from our own files only, requests to ourselves only, and no way from a string to
# markup: with trusted types required and no policy allowed, a browser refuses innerHTML and its kin.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Checked against the ETag at each visit: a page of an older version would speak to a newer API.
    "Cache-Control": "no-cache",
}


def page_routes() -> APIRouter:
    """`GET /` for browsers, 406 for clients that do not take HTML; `/page/{file}` for what the page loads."""
    router = APIRouter(include_in_schema=False)
    # The example is a link to the one in examples/; a wheel holds a copy.
    files = StaticFiles(directory=FOLDER, follow_symlink=True)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def page(request: Request) -> Response:
        if not accepts_html(request.headers.get("accept", "*/*")):
            body = {
                "error": "GET / is a page for browsers: accept text/html, or use POST /v1/read and POST /v1/stance",
                "error_type": "NotAcceptable",
            }
            return JSONResponse(body, status_code=406, headers={"Vary": "Accept"})
        found = await files.get_response("index.html", request.scope)
        return _fenced(found, {"Vary": "Accept"})

    @router.api_route("/page/{file}", methods=["GET", "HEAD"])
    async def page_file(request: Request, file: str) -> Response:
        """404 for what is not a file of the page."""
        if Path(file).suffix not in SUFFIXES:
            return _missing(file)
        try:
            found = await files.get_response(file, request.scope)
        except HTTPException:
            return _missing(file)
        return _fenced(found, {})

    return router


def accepts_html(accept: str) -> bool:
    """Whether an Accept header takes HTML; the most specific range that covers it decides (RFC 9110, 12.5.1)."""
    qualities: dict[str, float] = {}
    for part in accept.split(",") if accept.strip() else ["*/*"]:
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            qualities[kind] = float(quality)
        except ValueError:
            qualities[kind] = 0.0
    for kind in ("text/html", "text/*", "*/*"):
        if kind in qualities:
            return qualities[kind] > 0
    return False


def _fenced(response: Response, more: dict[str, str]) -> Response:
    response.headers.update({**HEADERS, **more})
    return response


def _missing(file: str) -> Response:
    body = {"error": f"the page has no file {file[:80]!r}", "error_type": "NotFound"}
    return JSONResponse(body, status_code=404, headers={"X-Content-Type-Options": "nosniff"})
