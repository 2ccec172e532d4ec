namespace GovChain.Tests.Fuzzing;

/// <summary>Decoders with a mistake, which show that the fuzzer finds them.</summary>
internal static class Planted
{
    /// <summary>Chance alone would look for it in 2^40 inputs; the branches lead to it byte by byte.</summary>
    public const string Deep = "planted-deep";

    /// <summary>Believes a length before it looks how many bytes there are.</summary>
    public const string Greedy = "planted-greedy";

    public static Func<byte[], bool>? RunOf(string name) => name switch
    {
        Deep => RunDeep,
        Greedy => RunGreedy,
        _ => null,
    };

    private static bool RunDeep(byte[] input)
    {
        if (input.Length < 5 || input[0] != 0x91)
            return false;
        if (input[1] != 0x1C)
            return false;
        if (input[2] != 0xE7)
            return false;
        if (input[3] != 0x3A)
            return false;
        if (input[4] != 0x55)
            return true;
        throw new InvalidOperationException("the planted mistake");
    }

    private static bool RunGreedy(byte[] input) => input.Length > 0 && new byte[input[0] << 16].Length <= input.Length;
}
