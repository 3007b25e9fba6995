"""The API's reference as a plain page, made of its OpenAPI document; nothing is loaded from outside."""

from flask import Flask, render_template

from identity.http.api import ProblemApi


def init_app(app: Flask, api: ProblemApi) -> None:
    """Register /docs."""

    @app.get("/docs")
    def reference() -> str:
        document = api.document()
        operations = [
            (method.upper(), path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if isinstance(operation, dict)
        ]
        return render_template("portal/reference.html", operations=operations, document=document)
