"""The manifests that tests of windows and cost start from."""

LLAMA = """
apiVersion: llamafleet.io/v1alpha1
kind: LlamaDeployment
metadata: {{name: night}}
spec:
  model: {{variant: scout}}
  serving: {{contextLength: 65536}}
  {spec}
"""
L40S = """
apiVersion: llamafleet.io/v1alpha1
kind: GpuPool
metadata: {name: l40s}
spec: {gpu: l40s, gpusPerNode: 1, price: {onDemand: "0.79"}}
"""
