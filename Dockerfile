# The operator's image: slim, non-root, nothing in it that the operator does not run.
FROM python:3.11-slim AS build
WORKDIR /src
COPY locks/build.txt locks/runtime.txt locks/
RUN python -m venv /opt/llamafleet \
 && /opt/llamafleet/bin/pip install --no-cache-dir --require-hashes -r locks/runtime.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r locks/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator/ operator/
RUN /opt/build/bin/python -m hatchling build --target wheel \
 && /opt/llamafleet/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.11-slim
COPY --from=build /opt/llamafleet /opt/llamafleet
ENV PATH=/opt/llamafleet/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["llamafleet"]
CMD ["run"]
