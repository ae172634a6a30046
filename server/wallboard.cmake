# What is compiled into the server: the built wallboard (assets.h) and the KPI catalogue (builtin.h).
# Sets EMBEDDED_SOURCES. The wallboard is built from a copy in the build folder, so that builds with different
# presets do not share node_modules and the source folder stays clean.
set(EMBEDDED_SOURCES
  ${CMAKE_CURRENT_BINARY_DIR}/assets.cpp ${CMAKE_CURRENT_BINARY_DIR}/builtin.cpp)

find_program(NPM npm REQUIRED)
set(wallboard ${CMAKE_CURRENT_SOURCE_DIR}/wallboard)
set(page ${CMAKE_CURRENT_BINARY_DIR}/wallboard)
file(GLOB_RECURSE page_sources CONFIGURE_DEPENDS LIST_DIRECTORIES false
  ${wallboard}/src/* ${wallboard}/test/* ${wallboard}/*.json ${wallboard}/*.mjs ${wallboard}/*.html)
list(FILTER page_sources EXCLUDE REGEX "/(node_modules|dist|build)/")

add_custom_command(OUTPUT ${page}/node_modules/.installed
  COMMAND ${CMAKE_COMMAND} -E make_directory ${page}
  COMMAND ${CMAKE_COMMAND} -E copy_if_different ${wallboard}/package.json
          ${wallboard}/package-lock.json ${wallboard}/.npmrc ${page}
  COMMAND ${CMAKE_COMMAND} -E chdir ${page} ${NPM} ci --no-audit --no-fund --loglevel=error
  COMMAND ${CMAKE_COMMAND} -E touch ${page}/node_modules/.installed
  DEPENDS ${wallboard}/package.json ${wallboard}/package-lock.json ${wallboard}/.npmrc
  COMMENT "Installing the wallboard's packages" VERBATIM)
add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/assets.cpp
  COMMAND ${CMAKE_COMMAND} -DFROM=${wallboard} -DTO=${page}
          -P ${CMAKE_CURRENT_SOURCE_DIR}/copy_wallboard.cmake
  COMMAND ${CMAKE_COMMAND} -E chdir ${page} ${NPM} run --silent build
  COMMAND ringside-embed assets ${page}/dist ${CMAKE_CURRENT_BINARY_DIR}/assets.cpp
  DEPENDS ${page_sources} ${page}/node_modules/.installed ringside-embed
  COMMENT "Building the wallboard" VERBATIM)
add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/builtin.cpp
  COMMAND ringside-embed catalogue ${PROJECT_SOURCE_DIR}/core/catalogue.toml
          ${CMAKE_CURRENT_BINARY_DIR}/builtin.cpp
  DEPENDS ${PROJECT_SOURCE_DIR}/core/catalogue.toml ringside-embed
  COMMENT "Embedding the KPI catalogue" VERBATIM)
