# The operator's image: non-root, nothing in it that the operator does not run, and the same bytes every time.
# docs/supply-chain.md tells what makes it so, and what the command that builds it has to add.

# A release names the base by its digest: --build-arg BASE=python:3.11-slim@sha256:...
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONHASHSEED=0
WORKDIR /src
COPY locks/build.txt locks/runtime.txt locks/
RUN python -m venv --without-pip /opt/llamafleet \
 && python -m pip --python /opt/llamafleet install --require-hashes --no-deps --only-binary :all: --no-compile \
      -r locks/runtime.txt \
 && python -m pip install --require-hashes --no-deps --only-binary :all: --target /opt/build -r locks/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator/ operator/
# The packages of the libraries bring commands of their own, which nobody calls. Bytecode knows its source by content.
RUN PYTHONPATH=/opt/build python -m hatchling build --target wheel --directory /wheel \
 && python -m pip --python /opt/llamafleet install --no-index --no-deps --no-compile --find-links /wheel llamafleet \
 && find /opt/llamafleet/bin -type f ! -name llamafleet ! -name kubectl-llama -delete \
 && /opt/llamafleet/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /opt/llamafleet/lib

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="llamafleet" \
      org.opencontainers.image.description="A Kubernetes operator that sizes, schedules, scales and budgets Llama models" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
ENV PATH=/opt/llamafleet/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# What installs packages has no place beside what runs; and the base has no bytecode, which every start would miss.
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore pip setuptools wheel \
 && python -c 'import ensurepip, pathlib, shutil; shutil.rmtree(pathlib.Path(ensurepip.__file__).parent)' \
 && PYTHONHASHSEED=0 python -m compileall -q -f --invalidation-mode unchecked-hash \
      "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=build /opt/llamafleet /opt/llamafleet
USER 65532:65532
ENTRYPOINT ["llamafleet"]
CMD ["run"]
