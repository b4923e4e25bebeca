"""Makes one request to the Prefect API and prints the status code of the reply."""

from prefect import get_client
from prefect.exceptions import PrefectHTTPStatusError

with get_client(sync_client=True) as client:
    try:
        print(client.hello().status_code)
    except PrefectHTTPStatusError as error:
        print(error.response.status_code)
