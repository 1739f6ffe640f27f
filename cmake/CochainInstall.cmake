# The package cochain: find_package(cochain [COMPONENTS core chains providers]) and cochain.pc.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cochain")
set(COCHAIN_LINT_DIR "${CMAKE_INSTALL_DATADIR}/cochain")
set(COCHAIN_DOC_DIR "${CMAKE_INSTALL_DATAROOTDIR}/doc/cochain")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/cochainConfig.cmake.in" "${PROJECT_BINARY_DIR}/cochainConfig.cmake"
  INSTALL_DESTINATION "${package_dir}"
  PATH_VARS COCHAIN_LINT_DIR COCHAIN_DOC_DIR)
# 0.x: a new minor version may change the interface.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/cochainConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/cochainConfig.cmake"
              "${PROJECT_BINARY_DIR}/cochainConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/CochainLint.cmake" DESTINATION "${package_dir}")
install(PROGRAMS "${PROJECT_SOURCE_DIR}/scripts/coro_lint" DESTINATION "${COCHAIN_LINT_DIR}")
install(FILES "${PROJECT_SOURCE_DIR}/scripts/coro_reader.py" DESTINATION "${COCHAIN_LINT_DIR}")

# cochain.pc finds its prefix from where it lies, so that the installed tree can be moved.
file(RELATIVE_PATH COCHAIN_PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
cmake_path(SET COCHAIN_PC_TO_PREFIX NORMALIZE "${COCHAIN_PC_TO_PREFIX}.")
set(COCHAIN_PC_REQUIRES
    "libcurl simdjson openssl expat icu-uc libutf8proc md4c libpcre2-8 libxxhash")
set(COCHAIN_PC_LIBS "-L\${libdir} -lcochain_providers -lcochain_chains -lcochain_core -lboost_json")
set(COCHAIN_PC_SCOPE ".private")
if(NOT BUILD_SHARED_LIBS)
  # Archives carry no list of what they need: whoever links them must name it all.
  string(APPEND COCHAIN_PC_LIBS " -pthread")
  set(COCHAIN_PC_SCOPE "")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/cochain.pc.in" "${PROJECT_BINARY_DIR}/cochain.pc"
               @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cochain.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/docs/compilers.md"
        DESTINATION "${COCHAIN_DOC_DIR}")
