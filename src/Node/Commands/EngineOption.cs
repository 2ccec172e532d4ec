using System.CommandLine;
using GovChain.Node.Signatures;

namespace GovChain.Node.Commands;

/// <summary>What verifies signatures, where a command lets people choose.</summary>
internal static class EngineOption
{
    /// <summary>The option; without it, <see cref="SignatureEngine.Auto"/>.</summary>
    public static Option<SignatureEngine> Create()
    {
        var option = new Option<SignatureEngine>(EngineChoice.OptionName)
        {
            Description = "What verifies signatures: the fastest of the engine's paths on this processor, one of them, or the platform's own ECDSA",
            HelpName = string.Join('|', Enum.GetNames<SignatureEngine>()),
            DefaultValueFactory = static _ => SignatureEngine.Auto,
        };
        // Else a number would be taken for a name.
        option.AcceptOnlyFromAmong(Enum.GetNames<SignatureEngine>());
        return option;
    }
}
