# One translation unit per instruction set, each compiled with its own flags and exporting exactly
# one symbol: its KernelTable. dispatch.cpp chooses among them at run time.

function(pyrec_add_simd_level name)
  target_sources(pyrec_core PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src/simd/${name}.cpp)
  set_source_files_properties(
    ${PROJECT_SOURCE_DIR}/cpp/src/simd/${name}.cpp
    TARGET_DIRECTORY pyrec_core
    PROPERTIES COMPILE_OPTIONS "${ARGN}")
endfunction()

pyrec_add_simd_level(baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # gcc 12 warns of the undefined operands in its own header of intrinsics.
  set(PYREC_AVX512 $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> -mavx2 -mfma -mf16c -mavx512f
                   -mavx512bw -mavx512vl -mavx512dq -mprefer-vector-width=512)
  pyrec_add_simd_level(avx2 -mavx2 -mfma -mf16c)
  pyrec_add_simd_level(avx512 ${PYREC_AVX512})
  pyrec_add_simd_level(avx512_vnni ${PYREC_AVX512} -mavx512vnni)
  target_compile_definitions(pyrec_core PRIVATE PYREC_HAVE_X86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  pyrec_add_simd_level(neon)
  target_compile_definitions(pyrec_core PRIVATE PYREC_HAVE_NEON)
endif()
