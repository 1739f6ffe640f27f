# How every target of ours is compiled. Nothing here reaches a consumer: warnings, hardening and
# -Werror are PRIVATE options, and the settings of the whole build are touched at top level only.

if(PROJECT_IS_TOP_LEVEL)
  get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT multi_config AND NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Kind of build" FORCE)
  endif()
  if(NOT CMAKE_RUNTIME_OUTPUT_DIRECTORY)
    set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

  # Both are conveniences: used where they are found, needed nowhere.
  find_program(COCHAIN_CCACHE ccache)
  if(COCHAIN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${COCHAIN_CCACHE}")
    # What ccache asks for where a precompiled header is used.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      add_compile_options(-fpch-preprocess)
    else()
      add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
  find_program(COCHAIN_MOLD mold)
  if(COCHAIN_MOLD AND NOT CMAKE_EXE_LINKER_FLAGS MATCHES "-fuse-ld=")
    add_link_options(-fuse-ld=mold)
  endif()
endif()

# Ours: the language, the warnings and the hardening of one target.
function(cochain_own target)
  set_target_properties(
    ${target}
    PROPERTIES CXX_STANDARD 20
               CXX_STANDARD_REQUIRED ON
               CXX_EXTENSIONS OFF
               POSITION_INDEPENDENT_CODE ON)
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -fstack-protector-strong)
  # Fortify needs an optimiser. _GLIBCXX_ASSERTIONS stays out of release builds, whose hot paths
  # are measured; the dev and sanitizer presets switch it on.
  target_compile_options(
    ${target} PRIVATE "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE>"
                      "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-D_FORTIFY_SOURCE=2>")
  if(COCHAIN_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(NOT COCHAIN_WERROR)
    return()
  endif()
  target_compile_options(${target} PRIVATE -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports these from the optimiser, where what it sees depends on inlining: inside
    # std::string and inside coroutine frames it reports code that is right (GCC PR 105651,
    # 105562). They stay visible as warnings; clang and the sanitizers judge.
    target_compile_options(
      ${target}
      PRIVATE -Wno-error=maybe-uninitialized -Wno-error=restrict -Wno-error=array-bounds
              -Wno-error=stringop-overflow -Wno-error=stringop-overread
              -Wno-error=dangling-pointer -Wno-error=use-after-free
              -Wno-error=mismatched-new-delete -Wno-error=free-nonheap-object)
  else()
    # libstdc++ 12 calls its own deprecated get_temporary_buffer from std::stable_sort, and clang
    # blames the caller.
    target_compile_options(${target} PRIVATE -Wno-error=deprecated-declarations)
  endif()
endfunction()
