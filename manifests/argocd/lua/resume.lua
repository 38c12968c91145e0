-- Let the replicas come back.
obj.spec.suspend = false
return obj
