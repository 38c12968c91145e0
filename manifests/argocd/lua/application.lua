-- What Argo CD says of the health of an Application: that of what is in it. It has no opinion of its own, and without
-- one the waves of an Application of Applications do not wait for each other.
local health = (obj.status or {}).health or {}
return {status = health.status or "Progressing", message = health.message or ""}
