-- What Argo CD says of the health of a LlamaDeployment. Lua 5.1, without any library.
--
-- Progressing: something is on its way, and nobody has to do anything.
-- Healthy:     as many replicas serve as are wanted; none, too, where no request is there.
-- Suspended:   there are none on purpose: a person, the schedule or the money has taken them.
-- Degraded:    only a person can help; the operator says so in the condition Stalled.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type or ""] = condition
end

local function said(kind, wanted)
  local condition = conditions[kind]
  return condition ~= nil and condition.status == wanted
end

local function health(name, message)
  return {status = name, message = message or ""}
end

-- With replicas at zero, the last reason is that of the rule that took the last one.
local function zero_on_purpose()
  local reasons = status.reasons or {}
  local last = reasons[#reasons] or {}
  return last.step == "suspended" or last.step == "within_budget" or said("WindowOpen", "False")
end

local ready = conditions["Ready"]
local seen = status.observedGeneration or -1
if seen < (obj.metadata.generation or 0) or ready == nil then
  return health("Progressing", "The operator has not looked at this spec yet.")
end
if said("Stalled", "True") then
  return health("Degraded", conditions["Stalled"].message)
end
if ready.status ~= "True" then
  return health("Progressing", ready.message)
end
if ready.reason == "ScaledToZero" and zero_on_purpose() then
  return health("Suspended", ready.message)
end
return health("Healthy", ready.message)
