using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GovChain.Node.Devnet;

/// <summary>
/// Plausible records for a demonstration without files: events of a department's own register, the same ones for the same
/// department every time.
/// </summary>
internal static class RecordGenerator
{
    private static readonly (string Type, string Prefix, string[] Subjects, string[] States)[] Registers =
    [
        ("business-licence", "BL", ["Bakery", "Pharmacy", "Garage", "Bookshop", "Clinic"], ["granted", "renewed", "extended"]),
        ("tax-registration", "TR", ["Sole trader", "Partnership", "Company", "Foundation"], ["registered", "assessed", "cleared"]),
        ("health-inspection", "HI", ["Restaurant", "Kitchen", "Care home", "Swimming pool"], ["passed", "conditions set", "re-inspected"]),
        ("court-order", "CO", ["Injunction", "Attachment", "Guardianship"], ["issued", "varied", "served"]),
        ("land-title", "LT", ["Parcel", "Apartment", "Easement"], ["registered", "mortgaged", "transferred"]),
        ("school-accreditation", "SA", ["Primary school", "Secondary school", "College"], ["accredited", "reviewed"]),
        ("vehicle-permit", "VP", ["Lorry", "Bus", "Crane"], ["permitted", "restricted", "renewed"]),
        ("emission-permit", "EP", ["Plant", "Quarry", "Landfill"], ["granted", "tightened", "renewed"]),
    ];

    private static readonly string[] Towns = ["Northfield", "Eastbrook", "Westhaven", "Southgate", "Millbridge", "Lakeside"];

    /// <summary>The type of a department's generated register.</summary>
    public static string TypeOf(int department) => department < Registers.Length
        ? Registers[department].Type
        : string.Create(CultureInfo.InvariantCulture, $"{Registers[department % Registers.Length].Type}-{department}");

    /// <summary>Writes a file of events, register, amend and cancel mixed as in life.</summary>
    public static void Write(string path, int department, int events)
    {
        (_, string prefix, string[] subjects, string[] states) = Registers[department % Registers.Length];
        var random = new Random(department + 1); // the same file every time: a second start imports nothing twice
        var inForce = new List<string>();
        var text = new StringBuilder();
        var day = new DateOnly(2024, 1, 1);
        for (int sequence = 1; sequence <= events; sequence++)
        {
            day = day.AddDays(random.Next(3));
            int dice = random.Next(10);
            string op = inForce.Count == 0 || dice < 7 ? "REGISTER" : dice < 9 ? "AMEND" : "CANCEL";
            string key = op == "REGISTER"
                ? string.Create(CultureInfo.InvariantCulture, $"{prefix}-{2024 + sequence / 400}-{sequence:D5}")
                : inForce[random.Next(inForce.Count)];
            var line = new JsonObject
            {
                ["seq"] = sequence,
                ["ts"] = day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                ["op"] = op,
                ["key"] = key,
            };
            if (op == "REGISTER")
                inForce.Add(key);
            if (op == "CANCEL")
                inForce.Remove(key);
            else
                line["record"] = Content(random, key, subjects, states);
            text.Append(line.ToJsonString(JsonSerializerOptions.Default)).Append('\n');
        }
        File.WriteAllText(path, text.ToString());
    }

    private static JsonObject Content(Random random, string key, string[] subjects, string[] states) => new()
    {
        ["number"] = key,
        ["subject"] = subjects[random.Next(subjects.Length)],
        ["town"] = Towns[random.Next(Towns.Length)],
        ["state"] = states[random.Next(states.Length)],
        ["fee"] = random.Next(10, 500),
    };
}
