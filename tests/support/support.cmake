# SPDX-License-Identifier: Apache-2.0
# tacho_test_support: a scriptable remote-write receiver and batches for exporters under test.
# include() it and link the target; it needs libmicrohttpd and GnuTLS.
include_guard(GLOBAL)

find_library(TACHO_MICROHTTPD_LIBRARY microhttpd REQUIRED)
find_library(TACHO_GNUTLS_LIBRARY gnutls REQUIRED) # with which it speaks TLS
mark_as_advanced(TACHO_MICROHTTPD_LIBRARY TACHO_GNUTLS_LIBRARY)

file(GLOB tacho_test_support_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
add_library(tacho_test_support STATIC ${tacho_test_support_sources})
set_target_properties(tacho_test_support PROPERTIES C_EXTENSIONS OFF)
target_include_directories(
  tacho_test_support PUBLIC ${CMAKE_CURRENT_LIST_DIR}/..
                            $<TARGET_PROPERTY:tacho_proto,INTERFACE_INCLUDE_DIRECTORIES>)
target_include_directories(tacho_test_support PRIVATE ${PROJECT_SOURCE_DIR}/sdk/src
                                                      ${PROJECT_SOURCE_DIR}/exporters)
target_link_libraries(
  tacho_test_support
  PRIVATE tacho_private_flags
  PUBLIC tacho_remote_write_static snappy protobuf-c ${TACHO_MICROHTTPD_LIBRARY}
         ${TACHO_GNUTLS_LIBRARY} Threads::Threads)
