# SPDX-License-Identifier: Apache-2.0
# Owns how every library of tacho is built, named, linked and installed.

find_package(Threads REQUIRED)
include(CheckCCompilerFlag)

# Flags of all code of the project, never of its users.
add_library(tacho_private_flags INTERFACE)
target_compile_definitions(tacho_private_flags INTERFACE _GNU_SOURCE TACHO_ENABLE_EXPERIMENTAL)
target_compile_options(
  tacho_private_flags
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wstrict-prototypes
            -Wmissing-prototypes
            -Wundef
            -Wformat=2
            -Wswitch-enum
            -Wvla
            $<$<BOOL:${TACHO_WERROR}>:-Werror>)

set(TACHO_TARGETS "" CACHE INTERNAL "targets to install")

# tacho_add_library(<name> DESCRIPTION text MAP file SOURCES ... [OBJECTS ...] [INCLUDE ...]
#                   [PUBLIC ...] [PRIVATE ...] [EXTERNAL ...] [PC_LIBS ...])
#
# Makes tacho_<name> (shared) and tacho_<name>_static from one set of objects, with the aliases
# tacho::<name> (shared where built, else static) and tacho::<name>_static, and the pkg-config file
# tacho-<name>. OBJECTS are objects compiled elsewhere. PUBLIC names the tacho libraries (without prefix) that the headers need, PRIVATE
# targets of the project and EXTERNAL foreign ones that only the code needs; PC_LIBS says the latter
# for pkg-config --static. MAP is the list of exported symbols.
function(tacho_add_library name)
  cmake_parse_arguments(ARG "" "MAP;DESCRIPTION"
                        "SOURCES;OBJECTS;INCLUDE;PUBLIC;PRIVATE;EXTERNAL;PC_LIBS" ${ARGN})
  set(objects tacho_${name}_objects)
  add_library(${objects} OBJECT ${ARG_SOURCES})
  set_target_properties(
    ${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden C_EXTENSIONS OFF)
  target_include_directories(${objects} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include
                                        PRIVATE ${ARG_INCLUDE})
  target_link_libraries(${objects} PRIVATE tacho_private_flags ${ARG_EXTERNAL})
  foreach(dependency IN LISTS ARG_PUBLIC)
    target_link_libraries(${objects} PRIVATE tacho_${dependency}_objects_headers)
  endforeach()

  # Public headers alone, for the object libraries above this one.
  add_library(${objects}_headers INTERFACE)
  target_include_directories(${objects}_headers INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/include)
  foreach(dependency IN LISTS ARG_PUBLIC)
    target_link_libraries(${objects}_headers INTERFACE tacho_${dependency}_objects_headers)
  endforeach()

  set(kinds "")
  if(TACHO_BUILD_SHARED)
    add_library(tacho_${name} SHARED $<TARGET_OBJECTS:${objects}> ${ARG_OBJECTS})
    set_target_properties(
      tacho_${name} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
                               INSTALL_RPATH "$ORIGIN") # the libraries find each other
    target_link_options(tacho_${name} PRIVATE LINKER:-z,nodelete)
    if(NOT CMAKE_C_FLAGS MATCHES "-fsanitize") # whose symbols come with the program
      target_link_options(tacho_${name} PRIVATE LINKER:--no-undefined)
    endif()
    if(ARG_MAP)
      set(map ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_MAP})
      target_link_options(tacho_${name} PRIVATE LINKER:--version-script=${map})
      set_property(TARGET tacho_${name} APPEND PROPERTY LINK_DEPENDS ${map})
    endif()
    list(APPEND kinds tacho_${name})
    add_library(tacho::${name} ALIAS tacho_${name})
  endif()
  if(TACHO_BUILD_STATIC)
    add_library(tacho_${name}_static STATIC $<TARGET_OBJECTS:${objects}> ${ARG_OBJECTS})
    set_target_properties(tacho_${name}_static PROPERTIES OUTPUT_NAME tacho_${name})
    list(APPEND kinds tacho_${name}_static)
    add_library(tacho::${name}_static ALIAS tacho_${name}_static)
    if(NOT TACHO_BUILD_SHARED)
      add_library(tacho::${name} ALIAS tacho_${name}_static)
    endif()
  endif()

  foreach(target IN LISTS kinds)
    string(REGEX MATCH "_static$" suffix ${target})
    string(REPLACE "tacho_" "" export_name ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${export_name} LINKER_LANGUAGE C)
    target_include_directories(
      ${target} INTERFACE $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
                          $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    foreach(dependency IN LISTS ARG_PUBLIC)
      target_link_libraries(${target} PUBLIC tacho_${dependency}${suffix})
    endforeach()
    target_link_libraries(${target} PRIVATE ${ARG_PRIVATE} ${ARG_EXTERNAL})
  endforeach()
  set(TACHO_TARGETS ${TACHO_TARGETS} ${kinds} CACHE INTERNAL "targets to install")
  tacho_write_pkg_config(${name} "${ARG_DESCRIPTION}" "${ARG_PUBLIC}" "${ARG_PC_LIBS}")
endfunction()

# Writes and installs tacho-<name>.pc, which finds its prefix from where it lies.
function(tacho_write_pkg_config name description public libs)
  file(RELATIVE_PATH PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
  string(REPLACE "_" "-" PC_NAME tacho-${name})
  set(PC_LIBRARY tacho_${name})
  set(PC_DESCRIPTION "${description}")
  set(PC_REQUIRES "")
  foreach(dependency IN LISTS public)
    string(REPLACE "_" "-" dependency tacho-${dependency})
    list(APPEND PC_REQUIRES ${dependency})
  endforeach()
  list(JOIN PC_REQUIRES ", " PC_REQUIRES)
  list(JOIN libs " " PC_LIBS_PRIVATE)
  configure_file(${PROJECT_SOURCE_DIR}/sdk/cmake/tacho.pc.in
                 ${PROJECT_BINARY_DIR}/package/${PC_NAME}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/${PC_NAME}.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

# Installs the headers below a folder. Called once per include folder.
function(tacho_install_headers folder)
  install(DIRECTORY ${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
endfunction()

# Installs all libraries, the CMake package and the pkg-config files.
function(tacho_install_package)
  install(TARGETS ${TACHO_TARGETS} EXPORT tachoTargets)
  set(destination ${CMAKE_INSTALL_LIBDIR}/cmake/tacho)
  install(EXPORT tachoTargets NAMESPACE tacho:: DESTINATION ${destination})
  set(generated ${PROJECT_BINARY_DIR}/package)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/sdk/cmake/tachoConfig.cmake.in
                                ${generated}/tachoConfig.cmake INSTALL_DESTINATION ${destination})
  write_basic_package_version_file(${generated}/tachoConfigVersion.cmake
                                   COMPATIBILITY SameMinorVersion)
  install(FILES ${generated}/tachoConfig.cmake ${generated}/tachoConfigVersion.cmake
          DESTINATION ${destination})
endfunction()
