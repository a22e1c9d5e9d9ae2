# What other C and C++ projects need, inside the wheel: headers, the static library, a CMake package.
# The install prefix is site-packages, hence pyrec/include in the exported target.
include(CMakePackageConfigHelpers)

install(DIRECTORY cpp/include/pyrec DESTINATION pyrec/include)
install(TARGETS pyrec_core EXPORT pyrecTargets ARCHIVE DESTINATION pyrec/lib)
install(EXPORT pyrecTargets NAMESPACE pyrec:: DESTINATION pyrec/cmake)

configure_package_config_file(cpp/cmake/pyrecConfig.cmake.in pyrecConfig.cmake
                              INSTALL_DESTINATION pyrec/cmake)
write_basic_package_version_file(pyrecConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pyrecConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/pyrecConfigVersion.cmake
        DESTINATION pyrec/cmake)
