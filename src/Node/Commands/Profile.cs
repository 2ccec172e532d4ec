using System.Text.Json;
using System.Text.Json.Serialization;
using GovChain.Client;
using GovChain.Client.Keys.Tokens;
using GovChain.Core.Model;

namespace GovChain.Node.Commands;

/// <summary>What a clerk's commands need to know, in one file.</summary>
/// <param name="Node">https://HOST:PORT of the client listener.</param>
/// <param name="Ca">PEM file of the authority that signed its certificate; null: the system's.</param>
/// <param name="Key">The officer's key: a file, or the PKCS#11 URI of one in a token.</param>
/// <param name="PassphraseFile">Where the key's passphrase, or the token's PIN, stands; null: asked for.</param>
/// <param name="Department">The department whose node it is; null: only what is public is read.</param>
/// <param name="Certificate">PEM file of a system's certificate and its key, by which it reads what is not public; null: none.</param>
internal sealed record Profile(
    string? Node, string? Ca, string? Key, string? PassphraseFile, string? Department = null, string? Certificate = null)
{
    private const int BytesMax = 64 * 1024;

    /// <summary>Unknown members are refused: a misspelt one would be ignored silently. So are those that come twice, of
    /// which another program might take the other.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        AllowDuplicateProperties = false,
        MaxDepth = 8,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    };

    /// <summary>Reads a profile; its paths become absolute.</summary>
    /// <exception cref="CommandException">It cannot be read, or is no profile.</exception>
    public static Profile Read(string path)
    {
        try
        {
            Profile profile = JsonSerializer.Deserialize<Profile>(BoundedFile.Read(path, BytesMax), Json) ?? throw NoProfile(path, "it says null.");
            return profile.RelativeTo(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (JsonException e)
        {
            throw NoProfile(path, JsonProblem.Explain(e));
        }
        catch (ArgumentException)
        {
            throw NoProfile(path, "a path in it cannot be one.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Configuration, $"The profile {path} cannot be read: {e.Message}");
        }
    }

    private static CommandException NoProfile(string path, string problem) => new(ExitCode.Configuration,
        $"{path} is no profile: {problem} It holds {{\"node\", \"ca\", \"key\", \"passphraseFile\", \"department\", \"certificate\"}}, all texts, and nothing else.");

    private Profile RelativeTo(string directory) => this with
    {
        Ca = Ca is null ? null : Path.GetFullPath(Ca, directory),
        Key = Key is null || TokenUri.IsUri(Key) ? Key : Path.GetFullPath(Key, directory),
        PassphraseFile = PassphraseFile is null ? null : Path.GetFullPath(PassphraseFile, directory),
        Certificate = Certificate is null ? null : Path.GetFullPath(Certificate, directory),
    };
}
