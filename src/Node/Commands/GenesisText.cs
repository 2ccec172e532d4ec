using System.Globalization;
using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary>What a genesis file says, in words: all that those who sign it bind themselves to.</summary>
internal static class GenesisText
{
    /// <summary>Prints a genesis and who has signed it.</summary>
    public static void Print(string path, Genesis genesis, IReadOnlyList<FoundingSignature> signatures, bool json)
    {
        HashSet<string> signed = [.. signatures.Select(static s => s.Department)];
        if (json)
        {
            Output.Json(ToJson(path, genesis, signatures));
            return;
        }
        Output.Line($"{path}: the network {genesis.Body.NetworkName}, made on {UtcTime.Format(genesis.Body.CreatedAtMs)}");
        Output.Line($"  genesis digest {genesis.ChainId}");
        Output.Line($"  {QuorumOutlook.Count(genesis.Validators.Count, "department votes", "departments vote")}, and "
            + $"{QuorumOutlook.Count(genesis.Validators.QuorumSize, "makes", "make")} a quorum");
        foreach (GenesisDepartment d in genesis.Body.Departments)
        {
            Output.Line($"  {d.Id} at {d.Endpoint}, validator key {Convert.ToHexStringLower(d.ValidatorKey.Span)}, "
                + (signed.Contains(d.Id) ? "signed" : "NOT SIGNED"));
            foreach (LocalizedText name in d.Names)
                Output.Line($"    name ({name.Language}) {Output.Value(name.Text)}");
            foreach (GenesisOfficer o in d.Administrators)
                Output.Line($"    administrator {o.OfficerId}, key {Convert.ToHexStringLower(o.PublicKey.Span)}");
        }
        foreach (string line in Rules(genesis.Body))
            Output.Line($"  {line}");
    }

    /// <summary>The protocol's version and the parameters; those that are not this release's defaults stand out.</summary>
    internal static IEnumerable<string> Rules(GenesisBody body)
    {
        yield return $"protocol version {body.ProtocolVersion}"
            + (body.ProtocolVersion == ProtocolVersions.Newest ? "" : $": NOT the newest of this release, which is {ProtocolVersions.Newest}");
        Parameters usual = LedgerParameters.CreateDefault();
        foreach (FieldDescriptor field in Parameters.Descriptor.Fields.InFieldNumberOrder())
        {
            ulong value = Value(field, body.Parameters), expected = Value(field, usual);
            yield return $"parameter {field.Name} = {value.ToString(CultureInfo.InvariantCulture)}"
                + (value == expected ? "" : $": NOT the default, which is {expected.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    private static JsonObject ToJson(string path, Genesis genesis, IReadOnlyList<FoundingSignature> signatures) => new()
    {
        ["file"] = path,
        ["genesisDigest"] = genesis.ChainId.ToString(),
        ["network"] = genesis.Body.NetworkName,
        ["createdAt"] = UtcTime.Format(genesis.Body.CreatedAtMs),
        ["quorum"] = genesis.Validators.QuorumSize,
        ["departments"] = new JsonArray([.. genesis.Validators.Members.Select(static v => (JsonNode)v.Department)]),
        ["signedBy"] = new JsonArray([.. signatures.Select(static s => (JsonNode)s.Department)]),
        ["founders"] = new JsonArray([.. genesis.Body.Departments.Select(static d => (JsonNode)new JsonObject
        {
            ["id"] = d.Id,
            ["endpoint"] = d.Endpoint,
            ["validatorKey"] = Convert.ToHexStringLower(d.ValidatorKey.Span),
            ["names"] = new JsonObject(d.Names.Select(static n => KeyValuePair.Create(n.Language, (JsonNode?)n.Text))),
            ["administrators"] = new JsonObject(d.Administrators.Select(static o =>
                KeyValuePair.Create(o.OfficerId, (JsonNode?)Convert.ToHexStringLower(o.PublicKey.Span)))),
        })]),
        ["protocolVersion"] = genesis.Body.ProtocolVersion,
        ["parameters"] = new JsonObject(Parameters.Descriptor.Fields.InFieldNumberOrder()
            .Select(f => KeyValuePair.Create(f.Name, (JsonNode?)Value(f, genesis.Body.Parameters)))),
    };

    private static ulong Value(FieldDescriptor field, Parameters parameters) =>
        Convert.ToUInt64(field.Accessor.GetValue(parameters), CultureInfo.InvariantCulture);
}
