"""Errors, as the service models and the wire have them. How we know: botocore's models; kms-behaviour A.3."""

from __future__ import annotations

import inspect

import botocore.session
import pytest
from botocore.loaders import Loader

from keytrail import errors
from keytrail.errors import AwsError
from keytrail.operations import SERVICES
from keytrail.wire import service_model

AWS = botocore.session.get_session().get_service_model("kms")
RAW_SHAPES = Loader().load_service_model("kms", "service-2")["shapes"]
OURS = service_model.load("kms")

FRONT_END = {
    "UnknownOperationException",
    "SerializationException",
    "RequestEntityTooLargeException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "UnrecognizedClientException",
    "ExpiredTokenException",
    "ValidationException",
    "AccessDeniedException",
    "NotAuthorizedException",
    "ThrottlingException",
    "InternalFailure",
    "ServiceUnavailable",
    "InvalidParameterValue",
    "FieldValidationFailed",
    "UnknownParameter",
}
"""Errors that a service sends and its model does not declare (kms-behaviour A.3, A.5, I.3, M.1, O; "Common Errors")."""


def test_there_is_an_error_class_for_every_error_of_the_model_and_for_no_other() -> None:
    ours = {
        name
        for name, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, AwsError) and value is not AwsError
    }
    assert {shape.name for shape in AWS.error_shapes} - ours == set()
    models = [botocore.session.get_session().get_service_model(name) for name in SERVICES]
    theirs = {shape.name for model in models for shape in model.error_shapes}
    assert ours - theirs - FRONT_END == set()
    assert OURS.errors == {shape.name for shape in AWS.error_shapes}


@pytest.mark.parametrize("name", sorted(shape.name for shape in AWS.error_shapes))
def test_a_client_error_is_400_and_only_a_fault_of_the_service_is_more(name: str) -> None:
    # How we know: kms-behaviour A.3; for clients' errors the statuses of the model are not those on the wire.
    error = getattr(errors, name)
    fault = RAW_SHAPES[name].get("fault", False)
    assert error.code == name
    assert error.status == 400 if not fault else error.status >= 500
