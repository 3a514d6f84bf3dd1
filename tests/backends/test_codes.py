"""What each public error code means: every row of the reference's table, in both its spellings."""

import pytest

from wanx_render.catalog.capabilities import Catalog

LOST_MEDIA = "Failed to find the requested media resource during the data inspection process."

# HTTP status, code, message, kind. Source: official error-code page as copied 2026-06-25, and
# captured answers of 2025-12 to 2026-09 (docs/decisions). "network" of the reference is input here.
ROWS = (
    (400, "InvalidParameter", "", "input"),
    (400, "invalid_request_error", "", "input"),
    (400, "invalid_value", "", "input"),
    (400, "InvalidParameter.DataInspection", "", "input"),
    (400, "InvalidParameter.DataInspection", LOST_MEDIA, "input"),
    (400, "BadRequest.EmptyInput", "", "input"),
    (400, "BadRequest.EmptyModel", "", "input"),
    (400, "BadRequest.EmptyParameters", "", "input"),
    (400, "BadRequest.IllegalInput", "", "input"),
    (400, "BadRequest.ResourceNotExist", "", "input"),
    (400, "BadRequestException", "", "input"),
    (413, "BadRequest.TooLarge", "", "input"),
    (400, "BadRequest.InputDownloadFailed", "", "input"),
    (400, "BadRequest.UnsupportedFileFormat", "", "input"),
    (400, "InvalidURL", "", "input"),
    (400, "InvalidURL.ConnectionRefused", "", "input"),
    (400, "InvalidURL.Timeout", "", "input"),
    (400, "InvalidImage.FileFormat", "", "input"),
    (400, "InvalidImageFormat", "", "input"),
    (400, "InvalidImageResolution", "", "input"),
    (400, "InvalidFile.Format", "", "input"),
    (400, "InvalidImage.NoHuman", "", "input"),
    (400, "InvalidImage.FullFace", "", "input"),
    (400, "DataInspectionFailed", "", "moderation"),
    (400, "data_inspection_failed", "", "moderation"),
    (400, "IPInfringementSuspect", "", "moderation"),
    (400, "CustomRoleBlocked", "", "moderation"),
    (400, "FaqRuleBlocked", "", "moderation"),
    (400, "Arrearage", "", "money"),
    (429, "PrepaidBillOverdue", "", "money"),
    (429, "PostpaidBillOverdue", "", "money"),
    (429, "CommodityNotPurchased", "", "money"),
    (400, "UnsupportedOperation", "", "input"),
    (400, "FlowNotPublished", "", "input"),
    (400, "APIConnectionError", "", "input"),
    (400, "ServiceUnavailableError", "", "input"),
    (401, "InvalidApiKey", "Invalid API-key provided. See: https://x/code#apikey", "key"),
    (401, "invalid_api_key", "", "key"),
    (401, "invalid access token or token expired", "", "key"),
    (401, "InvalidParameter", "invalid access token or token expired", "key"),
    (401, "NOT AUTHORIZED", "", "key"),
    (403, "AccessDenied", "current user api does not support synchronous calls", "input"),
    (403, "access_denied", "current user api does not support synchronous calls", "input"),
    (403, "AccessDenied", "current user api does not support asynchronous calls", "input"),
    (403, "access_denied", "current user api does not support asynchronous calls", "input"),
    (403, "AccessDenied", "", "key"),
    (403, "access_denied", "", "key"),
    (403, "Model.AccessDenied", "", "key"),
    (403, "Workspace.AccessDenied", "", "key"),
    (403, "App.AccessDenied", "", "key"),
    (403, "Endpoint.AccessDenied", "", "key"),
    (403, "AllocationQuota.FreeTierOnly", "", "money"),
    (404, "ModelNotFound", "", "input"),
    (404, "model_not_found", "", "input"),
    (404, "model_not_supported", "", "input"),
    (404, "InvalidParameter", "Model not exist.", "input"),
    (404, "WorkSpaceNotFound", "", "key"),
    (404, "NotFound", "", "input"),
    (409, "Conflict", "", "input"),
    (429, "Throttling", "", "busy"),
    (429, "Throttling.RateQuota", "", "busy"),
    (429, "LimitRequests", "", "busy"),
    (429, "limit_requests", "", "busy"),
    (429, "Throttling.BurstRate", "", "busy"),
    (429, "limit_burst_rate", "", "busy"),
    (429, "Throttling.AllocationQuota", "Allocated quota exceeded, please increase it.", "quota"),
    (429, "insufficient_quota", "Allocated quota exceeded", "quota"),
    (429, "Throttling.AllocationQuota", "Free allocated quota exceeded.", "money"),
    (400, "insufficient_quota", "Free allocated quota exceeded.", "money"),
    (500, "InternalError", "", "service"),
    (500, "internal_error", "", "service"),
    (500, "InternalError.Algo", "", "service"),
    (500, "InternalError.Timeout", "", "service"),
    (500, "InternalError.Upload", "", "service"),
    (500, "InternalError.FileUpload", "", "service"),
    (500, "SystemError", "", "service"),
    (500, "ModelServiceFailed", "", "service"),
    (500, "RewriteFailed", "", "service"),
    (408, "RequestTimeOut", "", "service"),
    (500, "ClientDisconnect", "", "service"),
    (503, "ModelUnavailable", "", "busy"),
    (503, "ModelServingError", "", "busy"),
    # The second table: messages seen, where they decide and where they must not.
    (400, "InvalidParameter", "url error, please check url！", "input"),
    (400, "InvalidParameter", "url error, please check url! See: https://x/#error-url", "input"),
    (200, "InvalidParameter", "prompt must contain words", "input"),
    (200, "InvalidParameter", "img_url must be set for image to video method", "input"),
    (200, "InvalidParameter", "video frames must be set", "input"),
    (200, "InvalidParameter", "Field required: input.media", "input"),
    (200, "InvalidParameter", "Image height or width is too small than 240", "input"),
    (400, "InvalidParameter", "input.prompt should not be null", "input"),
    (200, "DataInspectionFailed", "Green net check failed for text (input): ...", "moderation"),
    (200, "InternalError", "Green net check failed for text (input): ...", "moderation"),
    (200, "InvalidParameter", "Could not process with this prompt.", "moderation"),
    (400, "InvalidParameter", "The size does not match the allowed size 1024*1024", "input"),
    (400, "InvalidParameter", "Exceeded limit on max bytes per data-uri item : 10485760", "input"),
    (200, "InvalidParameter", "Image area must be between 262144 and 4194304", "input"),
    (400, "InvalidParameter", "Failed to find the requested media resource during the data "
     "inspection process.", "input"),
    # Not ours to know.
    (418, "ATeapot", "I am a teapot", "unknown"),
    (500, "", "", "unknown"),
)  # fmt: skip

# Words of the advice where the kind alone would send a person the wrong way.
ADVICE = (
    ("AccessDenied", "current user api does not support synchronous calls", "header"),
    ("AccessDenied", "current user api does not support asynchronous calls", "base URL"),
    ("InvalidParameter", "Model not exist.", "region"),
    ("InvalidParameter", "url error, please check url！", "base URL"),
    ("InvalidParameter", "invalid access token or token expired", "DASHSCOPE_API_KEY"),
    ("invalid access token or token expired", "", "DASHSCOPE_API_KEY"),
    ("Throttling.AllocationQuota", "Free allocated quota exceeded.", "console"),
    ("AllocationQuota.FreeTierOnly", "", "console"),
    ("Endpoint.AccessDenied", "", "workspace"),
    ("BadRequest.TooLarge", "", "upload"),
    ("InvalidParameter.DataInspection", "", "check its url"),
    ("RewriteFailed", "", "prompt_extend"),
    ("Arrearage", "", "overdue"),
    ("APIConnectionError", "", "network"),
    ("DataInspectionFailed", "", "change"),
    ("InvalidParameter", "Could not process with this prompt.", "prompt; change it"),
    ("InvalidParameter", "Field required: input.media", "another form"),
    ("InvalidParameter", "the requested media resource during the data inspection process", "URL"),
    ("InvalidParameter", "Exceeded limit on max bytes per data-uri item : 1", "too large"),
)


@pytest.mark.parametrize(("status", "code", "message", "kind"), ROWS)
def test_each_public_code_has_its_kind_in_any_case(
    catalog: Catalog, status: int, code: str, message: str, kind: str
) -> None:
    spellings = {code, code.lower(), code.upper()}
    for spelling in spellings:
        for text in {message, message.lower()}:
            meaning = catalog.meaning(spelling, text)
            assert meaning.kind == kind, (status, spelling, text)
            assert meaning.advice


@pytest.mark.parametrize(("code", "message", "word"), ADVICE)
def test_the_advice_names_what_helps(catalog: Catalog, code: str, message: str, word: str) -> None:
    assert word.lower() in catalog.meaning(code, message).advice.lower()


def test_nothing_that_costs_a_person_s_word_is_repeated_as_a_passing_failure(
    catalog: Catalog,
) -> None:
    repeated = {
        code for _, code, message, _ in ROWS if catalog.meaning(code, message).kind == "service"
    }
    assert repeated == {
        code for _, code, _, kind in ROWS if kind == "service"
    }  # fmt: skip
    assert not {"DataInspectionFailed", "Arrearage", "InvalidApiKey", "ATeapot", ""} & repeated


def test_a_free_quota_that_ended_with_403_is_money(catalog: Catalog) -> None:
    # Captured: 403 insufficient_quota when the free quota ends, with this message.
    assert catalog.meaning("insufficient_quota", "Free allocated quota exceeded.").kind == "money"
