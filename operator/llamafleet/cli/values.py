"""The catalogue with the user's own figures in it: the values file of ``--values``."""

from llamafleet.catalogue import Catalogue, catalogue, with_values
from llamafleet.cli.files import BadInput, called, read_documents
from llamafleet.errors import InvalidSpec


def read_catalogue(file: str | None) -> Catalogue:
    """The built-in catalogue, overlaid with a values file where one is named.

    Raises:
        BadInput: the file cannot be read, or breaks a rule of the catalogue.
    """
    if file is None:
        return catalogue()
    documents = read_documents(file)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        message = f"{called(file)}: must be one map with the keys models, gpus or apiPrices"
        raise BadInput(message)
    try:
        return with_values(catalogue(), documents[0])
    except InvalidSpec as error:
        message = f"{called(file)}: {error}"
        raise BadInput(message) from error
