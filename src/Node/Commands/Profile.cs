using System.Text.Json;
using System.Text.Json.Serialization;

namespace GovChain.Node.Commands;

/// <summary>What a clerk's commands need to know, in one file.</summary>
/// <param name="Node">https://HOST:PORT of the client listener.</param>
/// <param name="Ca">PEM file of the authority that signed its certificate; null: the system's.</param>
/// <param name="Key">The officer's key file.</param>
/// <param name="PassphraseFile">Where the key's passphrase stands; null: asked for.</param>
internal sealed record Profile(string? Node, string? Ca, string? Key, string? PassphraseFile)
{
    /// <summary>Unknown members are refused: a misspelt one would be ignored silently.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    };

    /// <summary>The same with paths made absolute.</summary>
    public Profile RelativeTo(string directory) => this with
    {
        Ca = Ca is null ? null : Path.GetFullPath(Ca, directory),
        Key = Key is null ? null : Path.GetFullPath(Key, directory),
        PassphraseFile = PassphraseFile is null ? null : Path.GetFullPath(PassphraseFile, directory),
    };
}
