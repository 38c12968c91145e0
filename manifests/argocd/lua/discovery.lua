-- Which of the actions beside this file can be taken on a LlamaDeployment.
local is_suspended = obj.spec.suspend == true
return {
  suspend = {disabled = is_suspended},
  resume = {disabled = not is_suspended},
}
