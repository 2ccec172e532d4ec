namespace GovChain.Tests.Fuzzing;

/// <summary>How a target's inputs are built, beyond being bytes.</summary>
internal enum InputForm
{
    /// <summary>Fixed binary layouts.</summary>
    Binary,

    /// <summary>Protobuf fields, nested.</summary>
    Protobuf,

    /// <summary>JSON text with base64 in it.</summary>
    Json,
}

/// <summary>A decoder that a peer, or a file from elsewhere, can reach.</summary>
/// <param name="Name">As the command line takes it.</param>
/// <param name="Form">How inputs are built.</param>
/// <param name="Seeds">Valid inputs.</param>
/// <param name="Run">Decodes one input, looks for a broken property, and tells whether the input was accepted.</param>
/// <param name="AllocatedAnyway">Bytes that are allocated whatever the input.</param>
internal sealed record FuzzTarget(
    string Name, InputForm Form, IReadOnlyList<byte[]> Seeds, Func<byte[], bool> Run, long AllocatedAnyway = FuzzTarget.AllocatedByDecoders)
{
    /// <summary>What a decoder and all checks behind it allocate anyway, bytes.</summary>
    public const long AllocatedByDecoders = 256 * 1024;

    /// <summary>What an input may make the target allocate, all its checks included: for each byte a few objects.</summary>
    public long AllocationBound(int inputBytes) => AllocatedAnyway + 256L * inputBytes;

    /// <summary>
    /// The same target in the traced assemblies. Only types of the base library cross the border, since each side has its own
    /// version of all others.
    /// </summary>
    public FuzzTarget In(Coverage coverage)
    {
        Type traced = coverage.TypeOf(typeof(Targets));
        object run = traced.GetMethod(nameof(Targets.RunOf))!.Invoke(null, [Name])!;
        return this with { Run = (Func<byte[], bool>)run };
    }
}

/// <summary>A property that an input broke.</summary>
internal sealed class PropertyBrokenException(string message) : Exception(message);
