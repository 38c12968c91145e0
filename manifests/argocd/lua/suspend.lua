-- Take all replicas away. Where Git holds spec.suspend, self-heal takes this back.
obj.spec.suspend = true
return obj
