using GovChain.Node.Configuration;

namespace GovChain.Node.Signatures;

/// <summary>What is to verify signatures, and where that was chosen: a message offers only what can be done there.</summary>
/// <param name="Engine">What verifies.</param>
/// <param name="Name">The setting or option, for people.</param>
/// <param name="WayOut">What to do while the engine is not to be trusted.</param>
internal sealed record EngineChoice(SignatureEngine Engine, string Name, string WayOut)
{
    /// <summary>The option of commands.</summary>
    public const string OptionName = "--engine";

    /// <summary>Nobody is asked: the fastest path.</summary>
    public static EngineChoice Fixed { get; } = new(SignatureEngine.Auto, "signatures", "do this on another machine");

    /// <summary>As a node's configuration says.</summary>
    public static EngineChoice OfNode(SignatureEngine engine) => new(
        engine, Settings.SignatureEngine.Path,
        $"set {Settings.SignatureEngine.Path} to \"{nameof(SignatureEngine.Platform)}\" in the node's configuration: the platform verifies alone");

    /// <summary>As a command's option says.</summary>
    public static EngineChoice OfCommand(SignatureEngine engine) => new(
        engine, OptionName, $"give {OptionName} {nameof(SignatureEngine.Platform)}: the platform verifies alone");
}
