# Copies the wallboard's sources FROM the repository TO the build folder (everything but build products).
file(GLOB entries RELATIVE ${FROM} ${FROM}/* ${FROM}/.npmrc)
list(REMOVE_ITEM entries node_modules dist package.json package-lock.json)
foreach(entry ${entries})
  file(REMOVE_RECURSE ${TO}/${entry})
  file(COPY ${FROM}/${entry} DESTINATION ${TO})
endforeach()
