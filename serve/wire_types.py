"""The bodies of requests and answers. From these the OpenAPI is made; between stages we pass dataclasses.

Knows three families: text-embeddings-inference (`router/src/http/types.rs`), Hugging Face
text-classification, and our own. Does not know how a stance is found. Unknown fields are ignored, as
both other servers do.
"""

import re
from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_UNREADABLE = re.compile("[\0\ud800-\udfff]")
_TEI_FORMS = (
    "a string, a pair of strings [string, string] or a batch of mixed strings and pairs "
    "[[string], [string, string], ...]; no text may be blank or hold a NUL"
)


def _readable(text: str) -> str:
    if _UNREADABLE.search(text):
        raise ValueError("holds a NUL or half a surrogate pair")
    return text


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank: give it at least one word")
    return _readable(text)


_TEXT_SCHEMA: dict[str, Any] = {"type": "string", "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"}
_PERSPECTIVE_SCHEMA: dict[str, Any] = {"type": "string", "pattern": r"^[^\x00]*$"}
# What a model can read: something other than white space, and no NUL.
Text = Annotated[str, AfterValidator(_text), WithJsonSchema(_TEXT_SCHEMA)]
Perspective = Annotated[str, AfterValidator(_readable), WithJsonSchema(_PERSPECTIVE_SCHEMA)]


def _pair(value: Any) -> tuple[str, ...]:
    if isinstance(value, list) and 1 <= len(value) <= 2 and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise ValueError(f"must be {_TEI_FORMS}")


def _predict_inputs(value: Any) -> Any:
    """The forms of TEI: the first element of a list says whether it is a pair or a batch."""
    pairs: list[tuple[str, ...]]
    if isinstance(value, str):
        pairs, single = [(value,)], True
    elif isinstance(value, list) and value and isinstance(value[0], str):
        pairs, single = [_pair(value)], True
    elif isinstance(value, list) and value:
        pairs, single = [_pair(one) for one in value], False
    else:
        raise ValueError(f"must be {_TEI_FORMS}")
    for text, *perspective in pairs:
        _text(text)
        _readable("".join(perspective))
    return {"pairs": pairs, "single": single}


class PredictInputs(BaseModel):
    """What `inputs` of /predict means: texts with or without a perspective; `single` says it was no batch."""

    pairs: list[tuple[str] | tuple[str, str]]
    single: bool


_PAIR_ITEMS: dict[str, Any] = {
    "type": "array",
    "prefixItems": [_TEXT_SCHEMA, _PERSPECTIVE_SCHEMA],
    "items": False,
    "minItems": 1,
    "maxItems": 2,
}
_INPUTS_SCHEMA = {
    "description": f"Model input: {_TEI_FORMS}. In a pair the second is the perspective, `holder -> counterpart`.",
    "oneOf": [
        {**_TEXT_SCHEMA, "description": "A single statement"},
        {**_PAIR_ITEMS, "description": "A statement and its perspective"},
        {"type": "array", "items": _PAIR_ITEMS, "minItems": 1, "description": "A batch"},
    ],
}


class PredictRequest(BaseModel):
    """Body of `POST /predict`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"inputs": "We are ready to meet them anywhere."},
                {"inputs": ["We will never talk to them.", "the council -> the rebels"], "raw_scores": True},
                {"inputs": [["We are studying the text."], ["Not on these terms.", "the union -> the port"]]},
            ]
        }
    )
    inputs: Annotated[PredictInputs, BeforeValidator(_predict_inputs), WithJsonSchema(_INPUTS_SCHEMA)]
    truncate: Annotated[
        bool | None,
        Field(
            strict=True,
            description="true cuts what the model cannot read at once, false refuses it; without it, all is read "
            "window by window",
        ),
    ] = None
    truncation_direction: Literal["Left", "Right", "left", "right"] = "Right"
    raw_scores: Annotated[bool, Field(strict=True, description="logits instead of probabilities")] = False


class Prediction(BaseModel):
    """A label with its score."""

    score: Annotated[float, Field(examples=[0.5])]
    label: Annotated[str, Field(examples=["conditional"])]


class ClassifierModel(BaseModel):
    """The labels of the model by their place in its output."""

    id2label: dict[str, str]
    label2id: dict[str, int]


class ModelType(BaseModel):
    """What kind of model is served: a classifier."""

    classifier: ClassifierModel


class Info(BaseModel):
    """Body of `GET /info`; as in TEI, sizes are tokens, `max_client_batch_size` items."""

    model_config = ConfigDict(protected_namespaces=())
    model_id: str
    model_sha: str | None
    model_dtype: str
    served_model_name: str
    model_type: ModelType
    max_concurrent_requests: int
    max_input_length: int
    max_batch_tokens: int
    max_batch_requests: int | None
    max_client_batch_size: int
    auto_truncate: bool
    tokenization_workers: int
    version: str
    sha: str | None
    docker_label: str | None


class TextPair(BaseModel):
    """A statement and its perspective, as the text-classification pipeline takes it."""

    text: Text
    text_pair: Perspective = ""


class ClassificationParameters(BaseModel):
    """Parameters of Hugging Face text-classification."""

    top_k: Annotated[int | None, Field(strict=True, ge=1, description="only the most probable labels")] = None
    function_to_apply: Annotated[
        Literal["softmax", "sigmoid", "none"] | None,
        Field(description="softmax (or nothing): calibrated probabilities; sigmoid or none: of the model's logits"),
    ] = None


class ClassificationRequest(BaseModel):
    """Body of `POST /`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"inputs": "We are ready to meet them anywhere.", "parameters": {"top_k": 2}},
                {"inputs": [{"text": "Not on these terms.", "text_pair": "the union -> the port"}]},
            ]
        }
    )
    inputs: Text | TextPair | Annotated[list[Text | TextPair], Len(1)]
    parameters: ClassificationParameters | None = None


class StatementRecord(BaseModel):
    """A statement to place on the axis. Any further fields are ignored."""

    text: Annotated[str, Field(description="one to four sentences")]
    id: Annotated[str | int | None, Field(description="given back with the result")] = None
    holder: Annotated[str | None, Field(description="whose stance")] = None
    counterpart: Annotated[str | None, Field(description="towards whom")] = None


class StanceRequest(BaseModel):
    """Body of `POST /v1/stance`. A statement that cannot be used gets an `error`, the others a stance."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "statements": [
                        {
                            "id": "a1",
                            "text": "If they return to the accord, we will return to it too.",
                            "holder": "the ministry",
                            "counterpart": "the federation",
                        }
                    ]
                }
            ]
        }
    )
    statements: Annotated[
        list[Any],
        Field(
            min_length=1,
            json_schema_extra={
                "items": {
                    "anyOf": [
                        StatementRecord.model_json_schema(),
                        {"description": "anything else: its result has an error"},
                    ]
                }
            },
        ),
    ]


class StanceFields(BaseModel):
    """What the model says; all null but `error` where it could not be asked."""

    label: str | None
    score: Annotated[float | None, Field(description="expected value over the on-axis labels")]
    confidence: Annotated[float | None, Field(description="calibrated probability of the label")]
    abstain: Annotated[bool | None, Field(description="the confidence is too low to rely on")]
    probabilities: dict[str, float] | None
    error: str | None
    truncated: Annotated[bool | None, Field(description="longer than the model reads at once: scored by windows")]
    model: Annotated[str, Field(description="version of the bundle that answered")]


class StanceResult(StanceFields):
    """The stance of one statement of the request."""

    id: str | int | None


class StanceResponse(BaseModel):
    """Answer of `POST /v1/stance`: results in the order of the statements."""

    model: str
    axis: str
    results: list[StanceResult]


class ReadRequest(BaseModel):
    """Body of `POST /v1/read`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "article": "“We will not sit down with them,” the minister said on Monday.",
                    "source": "a newspaper",
                    "date": "2024-05-14",
                }
            ]
        }
    )
    article: Annotated[Text, Field(description="the decoded text of an article")]
    source: Annotated[str | None, Field(description="given to statements that name none", max_length=500)] = None
    date: Annotated[str | None, Field(description="given to statements that name none", max_length=100)] = None


class ReadStatement(StanceFields):
    """A statement of the article: `article[start:end] == text`, counted in Unicode code points."""

    text: str
    start: int
    end: int
    holder: str | None
    counterpart: str | None
    voice: Literal["narration", "quote", "nested"]
    date: str | None
    source: str | None


class ReadResponse(BaseModel):
    """Answer of `POST /v1/read`."""

    model: str
    axis: str
    statements: list[ReadStatement]


class AxisLabel(BaseModel):
    """A label with its value, null off the axis."""

    name: str
    value: float | None
    definition: str


class AxisResponse(BaseModel):
    """Answer of `GET /v1/axis`."""

    axis: str
    version: int
    warm_end: Annotated[Literal["low", "high"], Field(description="the end of the axis to draw red")]
    labels: list[AxisLabel]


class ErrorBody(BaseModel):
    """The body of every refusal."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error": "Model is overloaded", "error_type": "Overloaded"}]}
    )
    error: str
    error_type: str


class Health(BaseModel):
    """Answer of the health routes."""

    status: str
    model: str | None = None
