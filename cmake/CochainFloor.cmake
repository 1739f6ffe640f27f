# One helper builds every floor, so that every floor obeys the same rules.
#
#   cochain_floor(<name> DEPENDS <target>... PRIVATE <library>... PRECOMPILED <header>...)
#
#   sources   <name>/src/**.cpp        <name>/src is on the include path of this floor alone
#   headers   <name>/include/**.hpp    a FILE_SET: installed, and each one compiled by itself
#   DEPENDS   the floors below, and the libraries whose words are words of the public language:
#             their headers are seen here and by whoever uses this floor
#   PRIVATE   vendor libraries, for src/ only
#   PRECOMPILED  what most of src/ includes, compiled once: reading it takes longer than the rest
#
# The target cochain_verify_headers compiles each public header alone, with nothing on the include
# path but what the floor gives to its users. So an upward include, a reach into another floor's
# src/, or a header that leans on what was included before it does not build.
#
# There is no job pool for the heavy sources (Beast: about 0.9 GB each). At most six of them exist
# in the tree; a machine with n cores needs 1 GB per core at worst, which is what any C++20 build
# needs.

if(NOT TARGET cochain_verify_headers)
  add_custom_target(cochain_verify_headers)
endif()

function(cochain_floor name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;PRIVATE;PRECOMPILED")
  set(dir "${CMAKE_CURRENT_SOURCE_DIR}")
  set(target cochain_${name})

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${dir}/src/*.cpp")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${dir}/include/*.hpp")
  if(NOT sources)
    # A floor of headers only still is a library: its users need not know.
    set(sources "${CMAKE_CURRENT_BINARY_DIR}/${target}_empty.cpp")
    file(CONFIGURE OUTPUT "${sources}" CONTENT "// ${name} has no sources yet.\n")
  endif()

  add_library(${target})
  add_library(cochain::${name} ALIAS ${target})
  target_sources(
    ${target}
    PRIVATE ${sources}
    PUBLIC FILE_SET HEADERS BASE_DIRS "${dir}/include" FILES ${headers})
  target_include_directories(${target} PRIVATE "${dir}/src")
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE})
  cochain_own(${target})
  cochain_unity(${target})
  if(arg_PRECOMPILED)
    target_precompile_headers(${target} PRIVATE ${arg_PRECOMPILED})
  endif()
  set_target_properties(
    ${target}
    PROPERTIES EXPORT_NAME ${name}
               VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
               VERIFY_INTERFACE_HEADER_SETS ON)
  if(headers)
    # CMake makes this target at generate time; a name is enough to depend on it.
    add_dependencies(cochain_verify_headers ${target}_verify_interface_header_sets)
  endif()

  if(COCHAIN_INSTALL)
    install(
      TARGETS ${target}
      EXPORT cochain_${name}_targets
      ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
      LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
      FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
    install(
      EXPORT cochain_${name}_targets
      FILE cochain-${name}-targets.cmake
      NAMESPACE cochain::
      DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/cochain")
  endif()
endfunction()

# cochain_unity(<target>) compiles the sources of a library a dozen at a time if COCHAIN_UNITY is
# on. Where nothing is optimised, reading headers is most of the work; and two sources of a library
# that give one name to two things do not build.
function(cochain_unity target)
  if(COCHAIN_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
endfunction()
