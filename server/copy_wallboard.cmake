# Copies the wallboard's sources FROM the repository TO the build folder (everything but packages and products).
file(GLOB entries RELATIVE ${FROM} ${FROM}/*)
list(REMOVE_ITEM entries node_modules build dist package.json package-lock.json)
foreach(entry ${entries})
  file(REMOVE_RECURSE ${TO}/${entry})
  file(COPY ${FROM}/${entry} DESTINATION ${TO})
endforeach()
