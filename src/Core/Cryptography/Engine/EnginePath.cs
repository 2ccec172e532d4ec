using System.Runtime.Intrinsics.X86;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>The ways in which the engine computes; all give the same answers.</summary>
public enum EnginePath
{
    /// <summary>One signature at a time, on any processor.</summary>
    Portable = 0,

    /// <summary>Four at a time, with AVX2.</summary>
    Avx2 = 1,

    /// <summary>Eight at a time, with AVX-512F.</summary>
    Avx512 = 2,
}

/// <summary>What this processor can do.</summary>
public static class EnginePaths
{
    /// <summary>The fastest path here.</summary>
    public static EnginePath Best =>
        IsSupported(EnginePath.Avx512) ? EnginePath.Avx512 : IsSupported(EnginePath.Avx2) ? EnginePath.Avx2 : EnginePath.Portable;

    /// <summary>Whether this processor has what the path needs.</summary>
    public static bool IsSupported(EnginePath path) => path switch
    {
        EnginePath.Portable => true,
        EnginePath.Avx2 => Avx2.IsSupported,
        EnginePath.Avx512 => Avx512F.IsSupported,
        _ => false,
    };
}
