using System.Text.Json;
using GovChain.Client;
using GovChain.Core.Model;
using GovChain.Node.Commands;

namespace GovChain.Node.Devnet;

/// <summary>One department of a development network: where its files are and its ports.</summary>
internal sealed record DevnetDepartment(string Id, int PeerPort, int ClientPort, int AdministrationPort);

/// <summary>Where everything of a development network stands in its directory.</summary>
internal sealed class DevnetLayout(string directory)
{
    private static readonly string[] Names =
    [
        "civil-affairs", "finance", "health", "justice", "land-registry", "education", "transport", "environment",
        "agriculture", "commerce", "customs", "labour", "housing", "energy", "statistics", "archives",
    ];

    /// <summary>The most departments on one machine.</summary>
    public const int DepartmentsMax = 16;

    /// <summary>The directory.</summary>
    public string Directory { get; } = Path.GetFullPath(directory);

    /// <summary>The genesis file.</summary>
    public string GenesisFile => At("genesis.json");

    /// <summary>The certificate authority of the client listeners.</summary>
    public string AuthorityDirectory => At("ca");

    /// <summary>Its certificate: what clients and curl trust.</summary>
    public string AuthorityCertificate => Path.Combine(AuthorityDirectory, "ca.pem");

    /// <summary>Departments and ports.</summary>
    public string StateFile => At("devnet.json");

    /// <summary>A file of the network.</summary>
    public string At(params string[] parts) => Path.Combine([Directory, .. parts]);

    /// <summary>The id of the department with this index.</summary>
    public static string NameOf(int index) => Names[index];

    /// <summary>Reads the departments of an existing network; null where there is none.</summary>
    public IReadOnlyList<DevnetDepartment>? Read()
    {
        if (!File.Exists(StateFile))
            return null;
        try
        {
            DevnetDepartment[]? departments =
                JsonSerializer.Deserialize<DevnetDepartment[]>(Files.Read(StateFile, 64 * 1024), Profile.Json);
            return departments is { Length: > 0 and <= DepartmentsMax }
                && departments.All(d => d is not null && Identifiers.IsDepartment(d.Id ?? ""))
                ? departments
                : throw new JsonException($"1 to {DepartmentsMax} departments with their ports are expected");
        }
        catch (JsonException e)
        {
            throw new CommandException(ExitCode.Configuration, $"{StateFile} is damaged: {JsonProblem.Explain(e)} Start with another --dir.");
        }
    }

    /// <summary>Writes the departments; the network counts as made once this file stands.</summary>
    public void Write(IReadOnlyList<DevnetDepartment> departments)
    {
        string partial = StateFile + ".partial";
        File.WriteAllBytes(partial, JsonSerializer.SerializeToUtf8Bytes(departments, Profile.Json));
        File.Move(partial, StateFile, overwrite: true);
    }
}
